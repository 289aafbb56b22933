export type { HeaderField, HeaderList } from "./header-list.ts";
export type { SipMessage, SipRequest, SipResponse } from "./message.ts";
