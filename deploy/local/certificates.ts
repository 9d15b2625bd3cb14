import { join } from "node:path";
import { exists } from "./data_template.ts";

/**
 * Makes an authority and a server certificate for 127.0.0.1 and localhost in the home's folder
 * `tls`, once, with the openssl program. Returns the path of the authority's certificate.
 */
export async function makeCertificates(home: string): Promise<string> {
  const folder = join(home, "tls");
  const ca = join(folder, "ca.pem");
  if (await exists(join(folder, "server.pem"))) return ca;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await openssl(folder, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "365", "-subj", "/CN=Realmgate local authority"],
    ...["-keyout", "ca.key", "-out", "ca.pem"],
  ]);
  await openssl(folder, [
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
  ]);
  await Deno.writeTextFile(
    join(folder, "names.cnf"),
    "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
  );
  await openssl(folder, [
    ...["x509", "-req", "-in", "server.csr", "-days", "365"],
    ...["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-extfile", "names.cnf", "-out", "server.pem"],
  ]);
  return ca;
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [...args],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(
      `Cannot make a certificate: openssl ${args[0]} must succeed, received\n` +
        new TextDecoder().decode(stderr).trim(),
    );
  }
}
