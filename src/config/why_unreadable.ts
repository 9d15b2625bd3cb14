/** Why a file or a folder cannot be read, in words that follow a colon. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is none, or it is a link to nothing";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotADirectory) return "it is no folder";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  if (error instanceof Deno.errors.NotCapable) return "Deno may not; --allow-read must name it";
  return error instanceof Error ? error.message : `${error}`;
}
