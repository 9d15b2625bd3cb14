import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { documentedStatements } from "./documented_statements.ts";

/** The recommended rules, and that every example fits its own schema. */
const RULES = `extends: [recommended]
rules:
  no-invalid-parameter-examples: error
  no-invalid-schema-examples: error
`;

/** Runs the linter, without permission to reach any network. */
async function lint(
  document: unknown,
): Promise<{ readonly clean: boolean; readonly text: string }> {
  const folder = await Deno.makeTempDir({ prefix: "realmgate-openapi-" });
  try {
    await Deno.writeTextFile(`${folder}/openapi.json`, JSON.stringify(document));
    await Deno.writeTextFile(`${folder}/redocly.yaml`, RULES);
    const permissions = ["--no-prompt", "--allow-read", "--allow-env", "--allow-sys"];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...permissions, "npm:@redocly/cli@2.77.0", "lint", "openapi.json"],
      cwd: folder,
      env: {
        REDOCLY_TELEMETRY: "off",
        REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
        NO_COLOR: "1",
      },
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return { clean: success && !/warning/i.test(text), text };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [what, statements] of [
    ["every type", documentedStatements()],
    ["one write", documentedStatements().slice(2, 3)],
    ["no statement", []],
  ] as const
) {
  Deno.test(`openApiDocument is lint-clean when the registry has ${what}`, async () => {
    const { clean, text } = await lint(openApiDocument({ statements, version: "1.2.3" }));
    assertEquals(clean, true, text);
    assertStringIncludes(text, "is valid");
  });
}

Deno.test("the lint of documents finds an example that is not of its schema", async () => {
  const document = JSON.stringify(
    openApiDocument({ statements: documentedStatements(), version: "1.2.3" }),
  );
  const { clean, text } = await lint(
    JSON.parse(document.replaceAll('"example":"42"', '"example":42')),
  );
  assert(!clean);
  assertStringIncludes(text, "no-invalid-parameter-examples");
});
