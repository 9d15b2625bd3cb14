/**
 * Installs Debian packages, without what they only recommend.
 *
 * @param options.aptGet where apt-get is
 * @throws with the end of what apt-get said
 */
export async function aptInstall(
  packages: readonly string[],
  options: { readonly aptGet: string },
): Promise<void> {
  await run(options.aptGet, ["update"]);
  await run(options.aptGet, [
    ...["install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"],
    ...packages,
  ]);
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(
      `Cannot install packages: ${command} ${args.join(" ")} must succeed, received\n` +
        new TextDecoder().decode(stderr).trim().split("\n").slice(-5).join("\n"),
    );
  }
}
