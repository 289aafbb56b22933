export { type TortureMessage, TORTURE_MESSAGES } from "./torture/index.ts";
