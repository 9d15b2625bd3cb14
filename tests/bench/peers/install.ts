import { join } from "node:path";

/** Packages that are installed for one run. */
export interface Installed extends AsyncDisposable {
  /** The folder whose `node_modules` has them. */
  readonly modules: string;
  /** Node itself, which is one of them. */
  readonly node: string;
}

/**
 * Installs what the peers need into a folder of its own, by `package.json` of this folder, without
 * running any package's scripts: some would compile what no peer uses.
 *
 * @param notice told before it begins
 * @throws with the end of what npm said
 */
export async function installPeers(notice: (text: string) => void): Promise<Installed> {
  const modules = await Deno.makeTempDir({ prefix: "realmgate-peers-" });
  const remove = () => Deno.remove(modules, { recursive: true });
  notice(`Installing the peers' packages into ${modules} with npm: 350 MB that go after the run`);
  try {
    await Deno.copyFile(new URL("package.json", import.meta.url), join(modules, "package.json"));
    const { success, stderr } = await new Deno.Command("npm", {
      args: [
        ...["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
        "--loglevel=error",
      ],
      cwd: modules,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      const said = new TextDecoder().decode(stderr).trim().split("\n").slice(-5).join("\n");
      throw new Error(`Cannot install the peers' packages: npm must succeed, received\n${said}`);
    }
    const node = join(modules, "node_modules", ".bin", "node");
    return { modules, node, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
