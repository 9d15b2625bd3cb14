/**
 * The container's health check: exits 0 if `/livez` answers 200 within 2 s, else 1.
 *
 * @module
 */
const port = Deno.env.get("PORT") ?? "8080";
try {
  const response = await fetch(`http://127.0.0.1:${port}/livez`, {
    signal: AbortSignal.timeout(2_000),
  });
  Deno.exit(response.ok ? 0 : 1);
} catch {
  Deno.exit(1);
}
