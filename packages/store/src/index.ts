// Public names of the package; filled in as it grows.
export const VERSION = "0.1.0";
