/** Names under which Chromium is installed. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/**
 * Where Chromium is. It is installed from Debian's packages, with a notice, where it is missing
 * and this is root with apt-get.
 *
 * @throws with the command that installs it, where it cannot
 */
export async function chromiumPath(): Promise<string> {
  const found = await find(NAMES);
  if (found !== undefined) return found;
  const aptGet = await find(["apt-get"]);
  if (aptGet !== undefined && Deno.uid() === 0) {
    console.log("Installing chromium with apt-get, for the tests of the pages");
    await run(aptGet, ["update"]);
    await run(aptGet, ["install", "--yes", "--no-install-recommends", "chromium"]);
    const installed = await find(NAMES);
    if (installed !== undefined) return installed;
  }
  throw new Error(
    "Cannot test the pages: must find Chromium on the PATH. Install it:\n" +
      "  sudo apt-get update && sudo apt-get install --yes --no-install-recommends chromium",
  );
}

async function find(names: readonly string[]): Promise<string | undefined> {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  for (const name of names) {
    for (const folder of folders) {
      const path = `${folder}/${name}`;
      if ((await Deno.stat(path).catch(() => undefined))?.isFile) return path;
    }
  }
  return undefined;
}

async function run(command: string, args: string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const { success, stderr } = await new Deno.Command(command, { args, env, stdin: "null" })
    .output();
  if (success) return;
  const text = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot install Chromium: ${command} ${args.join(" ")} must succeed\n${text}`);
}
