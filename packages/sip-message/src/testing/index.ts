export { DESK_PHONE_INVITE } from "./desk-phone-invite.ts";
export { type TortureMessage, TORTURE_MESSAGES } from "./torture/index.ts";
