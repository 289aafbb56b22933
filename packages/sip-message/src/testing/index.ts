export { DESK_PHONE_INVITE } from "./desk-phone-invite.ts";
export { MUTATORS, mutate } from "./mutate.ts";
export { Random } from "./random.ts";
export { type TortureMessage, TORTURE_MESSAGES } from "./torture/index.ts";
