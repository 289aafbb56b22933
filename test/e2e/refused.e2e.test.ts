import assert from "node:assert/strict";
import { test } from "node:test";
import { answering, call, calling, register } from "../support/phones.ts";
import { startSipp, succeeded } from "../support/sipp.ts";
import { PLACES, federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 2 });

for (const { name, caller, callee } of PLACES) {
  test(`${name}: busy is heard as 486`, { skip }, async (t) => {
    await call(t, {
      from: file.federation.phone(String(caller)),
      to: file.federation.phone(String(callee)),
      caller: "uac-expects-busy",
      callee: "uas-busy",
    });
  });

  test(`${name}: declined is heard as 603`, { skip }, async (t) => {
    await call(t, {
      from: file.federation.phone(String(caller + 2)),
      to: file.federation.phone(String(callee + 2)),
      caller: "uac-expects-603",
      callee: "uas-declines",
    });
  });

  test(`${name}: a callee without a phone is heard as 480`, { skip }, async (t) => {
    const caller480 = await calling(t, file.federation.phone(String(caller)), {
      number: String(callee + 4),
      scenario: "uac-expects-480",
    });
    await succeeded(caller480);
  });

  test(`${name}: a phone that signed off is heard as 480`, { skip }, async (t) => {
    const phone = file.federation.phone(String(callee + 6));
    await register(t, phone);
    await register(t, phone, 0);
    const caller480 = await calling(t, file.federation.phone(String(caller)), {
      number: phone.number,
      scenario: "uac-expects-480",
    });
    await succeeded(caller480);
  });

  test(`${name}: a call with a wrong password is challenged again and rings nowhere`, { skip }, async (t) => {
    const phone = file.federation.phone(String(callee));
    await register(t, phone);
    const silent = await answering(t, phone, "uas-busy");
    const intruder = await calling(t, file.federation.phone(String(caller)), {
      number: phone.number,
      scenario: "uac-wrong-password",
      password: "guessed",
    });
    await succeeded(intruder);
    await silent.stop();
    assert.equal((await silent.finished).messages, "", "the callee's phone was not asked");
  });
}

test("within a branch: an unknown number is heard as 404", { skip }, async (t) => {
  const phone = file.federation.phone("1000");
  await succeeded(await calling(t, phone, { number: "1999", scenario: "uac-expects-404" }));
});

test("a number that nobody in the federation owns is heard as 404", { skip }, async (t) => {
  const phone = file.federation.phone("1000");
  await succeeded(await calling(t, phone, { number: "7000", scenario: "uac-expects-404" }));
});

test("between branches: a number that the other branch does not have is heard as 404", { skip }, async (t) => {
  const phone = file.federation.phone("1000");
  await succeeded(await calling(t, phone, { number: "4999", scenario: "uac-expects-404" }));
});

test("a registration with a wrong password is challenged again", { skip }, async (t) => {
  const phone = file.federation.phone("1009");
  const intruder = await startSipp(t, {
    scenario: "register-wrong-password",
    local: phone.address,
    remote: phone.branch,
    number: phone.number,
    caller: phone.number,
    password: "guessed",
    keys: { expires: "60" },
  });
  await succeeded(intruder);
  // And it is not registered.
  await succeeded(
    await calling(t, file.federation.phone("1000"), { number: phone.number, scenario: "uac-expects-480" }),
  );
});
