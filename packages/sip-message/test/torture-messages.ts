/*
 * One message for each kind of trouble that RFC 4475 describes, written here: the same difficulty under the same short
 * name, not the same bytes. Byte text; lines end in CR LF.
 */

const COMMON = {
  via: "Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw",
  from: "From: <sip:caller@example.net>;tag=93942939o2",
  to: "To: <sip:user@example.com>",
  callId: "Call-ID: 0ha0isndaksdj@192.0.2.15",
  cseq: "CSeq: 8 OPTIONS",
  maxForwards: "Max-Forwards: 70",
  contact: "Contact: <sip:caller@192.0.2.15>",
  length: "Content-Length: 0",
} as const;

type Part = keyof typeof COMMON;

interface Trouble {
  readonly start?: string;
  /** Other header lines in place of the common ones; null leaves one out. */
  readonly lines?: Partial<Record<Part, string | null>>;
  readonly extra?: readonly string[];
  readonly body?: string;
}

function message({
  start = "OPTIONS sip:user@example.com SIP/2.0",
  lines = {},
  extra = [],
  body = "",
}: Trouble): string {
  const parts: Record<Part, string | null> = { ...COMMON, ...lines };
  const headers = Object.values(parts).filter((line) => line !== null);
  return `${[start, ...headers, ...extra].join("\r\n")}\r\n\r\n${body}`;
}

const INVITE = "INVITE sip:user@example.com SIP/2.0";
const INVITE_CSEQ = "CSeq: 8 INVITE";
const SDP =
  "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.15\r\ns=-\r\nc=IN IP4 192.0.2.15\r\nt=0 0\r\nm=audio 492170 RTP/AVP 0\r\n";
const LONG = "long".repeat(20);

export const TORTURE = {
  // §3.1.1: unusual, and valid
  wsinv: message({
    start: "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
    lines: {
      via: "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239",
      from: 'f: "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8',
      to: "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
      cseq: "cseq: 0009\r\n  INVITE",
      maxForwards: "MaX-fOrWaRdS: 0068",
      contact:
        'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33',
      length: `l: ${SDP.length}`,
    },
    extra: [
      "s :",
      "NewFangledHeader:   newfangled value\r\n continued newfangled value",
      "Content-Type: application/sdp",
    ],
    body: SDP,
  }),
  esc01: message({ start: "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", lines: { cseq: INVITE_CSEQ } }),
  escnull: message({ lines: { contact: "Contact: <sip:%00@host.example.com>, <sip:%00%00@host.example.com>" } }),
  lwsdisp: message({ lines: { from: "From: caller<sip:caller@example.com>;tag=323" } }),
  longreq: message({
    start: INVITE,
    lines: { cseq: INVITE_CSEQ, from: `From: "${LONG}" <sip:caller@${LONG}.example.com>;tag=${LONG}` },
    extra: Array.from({ length: 33 }, (_unused, index) => `Via: SIP/2.0/TCP sip${index}.example.com`),
  }),
  dblreq: message({}) + message({ start: INVITE, lines: { cseq: INVITE_CSEQ } }),
  semiuri: message({ start: "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0" }),
  transports: message({
    extra: ["Via: SIP/2.0/SCTP t1.example.com;branch=z9hG4bKa", "Via: SIP/2.0/UNKNOWN t2.example.com;branch=z9hG4bKb"],
  }),
  unreason: message({ start: "SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe", lines: { cseq: INVITE_CSEQ } }),
  noreason: message({ start: "SIP/2.0 100 ", lines: { cseq: INVITE_CSEQ } }),
  // §3.1.2: malformed
  badinv01: message({ lines: { via: "Via: SIP/2.0/UDP 192.0.2.15;;,;,," } }),
  clerr: message({ lines: { length: "Content-Length: 9999" }, body: SDP }),
  ncl: message({ lines: { length: "Content-Length: -999" }, body: SDP }),
  scalar02: message({ lines: { cseq: "CSeq: 36893488147419103232 OPTIONS" } }),
  scalarlg: message({
    start: "SIP/2.0 503 Service Unavailable",
    lines: { cseq: "CSeq: 9292394834772304023312 OPTIONS" },
  }),
  quotbal: message({ lines: { to: 'To: "Mr. J. User <sip:j.user@example.com>' } }),
  ltgtruri: message({ start: "OPTIONS <sip:user@example.com> SIP/2.0" }),
  lwsruri: message({ start: "OPTIONS sip:user@example.com; lr SIP/2.0" }),
  lwsstart: message({ start: "OPTIONS  sip:user@example.com  SIP/2.0" }),
  trws: message({ start: "OPTIONS sip:user@example.com SIP/2.0  " }),
  escruri: message({ start: "OPTIONS sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0" }),
  regbadct: message({
    start: "REGISTER sip:example.com SIP/2.0",
    lines: { cseq: "CSeq: 8 REGISTER", contact: "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E" },
  }),
  badaspec: message({ lines: { to: 'To: "Watson, Thomas" < sip:t.watson@example.org >' } }),
  baddn: message({ lines: { from: "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43" } }),
  badvers: message({ start: "OPTIONS sip:user@example.com SIP/7.0" }),
  mismatch01: message({ lines: { cseq: "CSeq: 8 INVITE" } }),
  mismatch02: message({ start: "NEWMETHOD sip:user@example.com SIP/2.0", lines: { cseq: "CSeq: 8 INVITE" } }),
  bigcode: message({ start: "SIP/2.0 4294967301 better not break the receiver" }),
  // §3.1.1.4, §3.3: for whoever reads the message
  esc02: message({
    start: "RE%47IST%45R sip:registrar.example.com SIP/2.0",
    lines: { cseq: "CSeq: 8 RE%47IST%45R", contact: "C%6Fntact: <sip:alias1@host.example.com>" },
  }),
  intmeth: message({
    start:
      "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com SIP/2.0",
    lines: {
      cseq: "CSeq: 8 !interesting-Method0123456789_*+`.%indeed'~",
      to: 'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:user@example.com>',
    },
  }),
  insuf: message({ lines: { from: null, to: null, callId: null } }),
  unkscm: message({ start: "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0" }),
  novelsc: message({ start: "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0" }),
  multi01: message({
    extra: ["From: <sip:other@example.net>;tag=9", "To: <sip:another@example.com>", "CSeq: 59 OPTIONS"],
  }),
  mcl01: message({
    extra: ["Content-Length: 5"],
    body: "There's no way to know how many octets are supposed to be here.",
  }),
  bcast: message({ start: "SIP/2.0 200 OK", lines: { via: "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1" } }),
  zeromf: message({ lines: { maxForwards: "Max-Forwards: 0" } }),
} as const satisfies Readonly<Record<string, string>>;

export type TortureName = keyof typeof TORTURE;
