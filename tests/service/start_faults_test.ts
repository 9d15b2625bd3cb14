import { assertEquals, assertStringIncludes } from "@std/assert";
import { ServiceProcess } from "../../deploy/local/service_process.ts";
import { eventually } from "../support/eventually.ts";

const MINIMAL = `
listen: { hostname: "\${HOST:-127.0.0.1}", port: "\${PORT}", isolates: 1 }
shards:
  - { name: s1, nodes: [{ name: s1a, address: "127.0.0.1:1" }] }
database: { user: app, password: x, name: game }
redis: { url: redis://127.0.0.1:1 }
apiKeys:
  - { name: server, sha256: ${"ab".repeat(32)}, scopes: [read] }
`;

Deno.test("Service says in one line what is wrong with its files and its port when it cannot start", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "realmgate-start-" });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
  const file = `${folder}/realmgate.yaml`;
  const start = (environment: Readonly<Record<string, string>> = {}, port?: number) =>
    ServiceProcess.start({
      environment: { REALMGATE_CONFIG: file, ...environment },
      folder: `${folder}/service`,
      ...(port === undefined ? {} : { port }),
    });
  /** What it said before it ended. */
  const refusal = async (...asked: Parameters<typeof start>) => {
    const service = await start(...asked);
    assertEquals(await service.exited, 1);
    return service.logs;
  };

  await t.step("no configuration", async () => {
    assertEquals(await refusal(), [
      `Cannot use the configuration ${file}:`,
      "  (file): cannot be read: there is none, or it is a link to nothing; " +
      "REALMGATE_CONFIG names the file",
    ]);
  });

  await t.step("no folder of statements", async () => {
    await Deno.writeTextFile(file, MINIMAL);
    assertEquals(await refusal(), [
      `Cannot read the statements' folder ${folder}/statements: there is none, or it is a link ` +
      "to nothing; the setting statements names it",
    ]);
    await Deno.mkdir(`${folder}/statements`);
  });

  await t.step("no certificate of the authority, or none in PEM", async () => {
    await Deno.writeTextFile(
      file,
      MINIMAL.replace("name: game", "name: game, tls: { ca: ca.pem }"),
    );
    const [, missing] = await refusal();
    assertStringIncludes(missing ?? "", `database.tls.ca: ${folder}/ca.pem cannot be read`);
    await Deno.writeTextFile(`${folder}/ca.pem`, "no certificate");
    const [, wrong] = await refusal();
    assertEquals(wrong, `  database.tls.ca: ${folder}/ca.pem must be a certificate in PEM`);
    await Deno.writeTextFile(file, MINIMAL);
  });

  await t.step("a port that another process has", async () => {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = other.addr;
    assertEquals(await refusal({}, port), [
      `Cannot listen on 127.0.0.1:${port}: another process has the port; listen.port, or the ` +
      "PORT that it is read from, must be free",
    ]);
  });

  await t.step("a hostname that is not of this machine", async () => {
    for (const HOST of ["192.0.2.1", "not a host"]) {
      const [said = "", ...others] = await refusal({ HOST });
      assertStringIncludes(said, `Cannot listen on ${HOST}:`);
      assertStringIncludes(said, "listen.hostname must be an address of this machine");
      assertEquals(others, []);
    }
  });

  await t.step("a folder without statements is warned of", async () => {
    await using service = await start();
    await eventually(() => service.logs.some((line) => line.includes("there are no statements")));
  });
});
