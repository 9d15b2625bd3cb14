import { assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { RealmgateError } from "../../src/core/errors.ts";
import { Authenticator, requireScope } from "../../src/http/authenticator.ts";

const hash = (key: string) => createHash("sha256").update(key).digest("hex");
const authenticator = new Authenticator([
  { name: "game", sha256: hash("game-key"), scopes: ["read", "write"] },
  { name: "ops", sha256: hash("ops-key"), scopes: ["admin"] },
]);

Deno.test("Authenticator knows each key by its hash, again and again", () => {
  for (let n = 0; n < 3; n++) {
    assertEquals(authenticator.authenticate("Bearer game-key").name, "game");
    assertEquals(authenticator.authenticate("bearer ops-key").name, "ops");
  }
});

Deno.test("Authenticator refuses what is not exactly a known key", () => {
  const wrong = [
    null,
    "",
    "Bearer",
    "Bearer ",
    "Bearer game-key2",
    "Bearer game-ke",
    "Basic game-key",
    "game-key",
    "Bearer game-key ops-key",
    `Bearer ${hash("game-key")}`,
  ];
  for (const header of wrong) {
    const error = assertThrows(() => authenticator.authenticate(header), RealmgateError);
    assertEquals(error.code, "unauthenticated", `for ${header}`);
  }
});

Deno.test("requireScope refuses a principal without the scope", () => {
  const principal = authenticator.authenticate("Bearer game-key");
  requireScope(principal, "read");
  const error = assertThrows(() => requireScope(principal, "admin"), RealmgateError);
  assertEquals([error.code, error.extra?.["scope"]], ["forbidden", "admin"]);
});
