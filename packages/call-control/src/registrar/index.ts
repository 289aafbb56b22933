export { registerChange } from "./register-change.ts";
export type {
  RegisterChange,
  RegisterRefusal,
  RegisterRequest,
  RegistrarState,
  RegistrationLimits,
} from "./register-change.ts";
export { createRegisterHandler } from "./register-handler.ts";
export type { RegisterHandlerOptions } from "./register-handler.ts";
export { Registrar, refusalAnswer } from "./registrar.ts";
export type { RegistrarAnswer, RegistrarOptions } from "./registrar.ts";
