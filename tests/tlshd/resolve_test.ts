// Names of addresses, where nobody said a name: by /etc/hosts alone, because tests have no network.
import assert from "node:assert/strict";
import { hostName } from "../../cli/tlshd/resolve.ts";

const hosts: string = Deno.readTextFileSync("/etc/hosts");
const hasLocalhost: boolean = /^127\.0\.0\.1\s+.*\blocalhost\b/m.test(hosts);

Deno.test({
  name: hasLocalhost
    ? "the name of an address is that of /etc/hosts"
    : "the name of an address is that of /etc/hosts (ignored: /etc/hosts has no localhost)",
  ignore: !hasLocalhost,
  fn: async () => assert.match(await hostName("127.0.0.1") ?? "", /^[\w.-]+$/),
});

Deno.test("what is no address has no name", async () => {
  for (const text of ["", "localhost", "127.0.0.1:80", "[::1]", "999.0.0.1", "::1%lo"]) {
    assert.equal(await hostName(text), undefined, text);
  }
});

Deno.test("of many lookups at once only a few are made: each takes a thread", async () => {
  const names = await Promise.all(Array.from({ length: 50 }, () => hostName("127.0.0.1")));
  assert(names.filter((name) => name !== undefined).length <= 4);
  assert.equal(names.length, 50);
});
