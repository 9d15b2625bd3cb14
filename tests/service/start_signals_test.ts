import { assertEquals } from "@std/assert";
import { ServiceProcess } from "../../deploy/local/service_process.ts";
import { testRealm } from "../support/realm.ts";

Deno.test("Service heeds signals that come while it starts", async () => {
  await using realm = await testRealm();
  /** Starts one that gets `signal` at the first line of its log, long before it serves. */
  const startAndSignal = (signal: Deno.Signal): Promise<ServiceProcess> => {
    let sent = false;
    const started = ServiceProcess.start({
      environment: realm.realm.environment,
      folder: `${realm.realm.home}/service-${signal}`,
      onLine: () => {
        if (!sent) void started.then((service) => service.kill(signal));
        sent = true;
      },
    });
    return started;
  };
  const stopped = await startAndSignal("SIGTERM");
  assertEquals(await stopped.exited, 0);
  await using reloaded = await startAndSignal("SIGHUP");
  await reloaded.ready();
});
