import type { CallRecordReader } from "@mss/model";
import type { Part } from "@mss/runtime";

/** Opens the file of a node to read what it has recorded; not yet started. */
export type OpenJournal = (file: string) => Part & { readonly records: CallRecordReader };
