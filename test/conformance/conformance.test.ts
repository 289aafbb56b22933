import { suite, test } from "node:test";
import { CASES } from "./cases/index.ts";
import type { ConformanceCase } from "./support/cases.ts";
import { enginesUnderTest } from "./support/engines.ts";
import type { EngineUnderTest } from "./support/engines.ts";
import { startRig } from "./support/rig.ts";

const SUBJECTS_AT_A_TIME = 4;

function skipOf(conformanceCase: ConformanceCase, engine: EngineUnderTest): string | false {
  return conformanceCase.skip?.[engine.kind] ?? engine.cannot(conformanceCase) ?? false;
}

for (const engine of enginesUnderTest()) {
  suite(engine.name, { concurrency: engine.isShared ? 1 : SUBJECTS_AT_A_TIME }, () => {
    for (const [subject, cases] of Object.entries(CASES)) {
      suite(subject, () => {
        for (const conformanceCase of cases) {
          const difference = conformanceCase.differs?.[engine.kind];
          const name = difference === undefined ? conformanceCase.name : `${conformanceCase.name} (differs)`;
          test(name, { skip: skipOf(conformanceCase, engine) }, async (t) => {
            const rig = await startRig(t, engine, conformanceCase);
            await (difference ?? conformanceCase).run(rig);
          });
        }
      });
    }
  });
}
