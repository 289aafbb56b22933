import { createEngine } from "../../../src/index.ts";
import type { Engine, EngineOptions } from "../../../src/index.ts";

export async function startEngineForTest(options: EngineOptions): Promise<Engine> {
  const engine = createEngine(options);
  await engine.start();
  return engine;
}
