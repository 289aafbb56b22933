import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, property, string } from "fast-check";
import { dialogInfo, lampStateOf } from "../src/lamps/dialog-info.ts";
import type { LampState } from "../src/lamps/dialog-info.ts";

const STATES: readonly LampState[] = ["idle", "ringing", "busy", "not-registered", "unreachable"];

test("each state is a document of its own, and is read from it again", () => {
  const documents = STATES.map((state) => dialogInfo({ entity: "sip:4000@hk", version: 3, state }));
  assert.equal(new Set(documents).size, STATES.length);
  assert.deepEqual(documents.map(lampStateOf), STATES);
  assert.match(
    documents[0] ?? "",
    /^<\?xml version="1\.0"\?>\r\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="3" state="full" entity="sip:4000@hk"><\/dialog-info>\r\n$/,
  );
});

function of(dialogs: string): LampState | undefined {
  return lampStateOf(`<d:dialog-info xmlns:d="x">${dialogs}</d:dialog-info>`);
}

test("documents of others are read, with prefixes and several dialogs; what is none is not", () => {
  assert.equal(of(""), "idle");
  assert.equal(of('<d:dialog id="a"><d:state>terminated</d:state></d:dialog>'), "idle");
  assert.equal(of("<dialog id='a'><state code='480' event='rejected'>terminated</state></dialog>"), "not-registered");
  assert.equal(of("<dialog><state>proceeding</state></dialog><dialog><state>\n confirmed </state></dialog>"), "busy");
  assert.equal(of("<dialog><state>trying</state></dialog><dialog><state>terminated</state></dialog>"), "ringing");
  for (const document of [
    "",
    "confirmed",
    "<presence><state>confirmed</state></presence>",
    `<dialog-info>${" ".repeat(70_000)}`,
  ]) {
    assert.equal(lampStateOf(document), undefined);
  }
});

test("no entity gets out of its attribute", () => {
  const shape =
    /^<\?xml version="1\.0"\?>\r\n<dialog-info [^<>]*entity="(?:[\x20\x21\x23-\x25\x28-\x3b\x3d\x3f-\x7e]|&(?:amp|lt|gt|quot|apos);)*"><\/dialog-info>\r\n$/;
  check(
    property(string({ unit: "grapheme-ascii" }), (entity) => {
      assert.match(dialogInfo({ entity, version: 0, state: "idle" }), shape);
    }),
  );
  assert.match(
    dialogInfo({ entity: `"><dialog>&'`, version: 0, state: "idle" }),
    /entity="&quot;&gt;&lt;dialog&gt;&amp;&apos;">/,
  );
});

function documentOf(prolog: string, content: string): string {
  return `<?xml version="1.0"?>${prolog}<dialog-info>${content}</dialog-info>`;
}

test("SEC-34: of XML only states are read: no entity means anything, no document is too deep, too long or too slow", () => {
  const bomb = '<!DOCTYPE x [<!ENTITY a "confirmed"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>';
  const external = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY % b SYSTEM "http://127.0.0.1/">%b;]>';
  for (const prolog of [bomb, external]) {
    assert.equal(lampStateOf(documentOf(prolog, '<dialog id="1"><state>&a;</state></dialog>')), "idle");
    assert.equal(lampStateOf(documentOf(prolog, "&b;")), "idle");
  }
  assert.equal(lampStateOf(documentOf("", `<state>${"&#99;".repeat(10_000)}</state>`)), "idle");
  assert.equal(lampStateOf(documentOf("", "<a>".repeat(20_000))), "idle");
  assert.equal(lampStateOf(documentOf("", "<state ".repeat(9_000))), "idle");
  assert.equal(lampStateOf(documentOf("", `<state>${" ".repeat(60_000)}`)), "idle");
  assert.equal(lampStateOf(documentOf("", "<state>confirmed</state>".repeat(100_000))), undefined);
});
