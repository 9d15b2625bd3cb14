/** The worker's script in tests of stuck isolates: `main.ts`, and the watch for the file. */
import "../../main.ts";
import { watchForStuck } from "./stuck_preload.ts";

watchForStuck(self.name);
