// Takes long on an emulated machine.
import { flow } from "./flow.ts";

Deno.test("a gibibyte through two hundred keys arrives as it was sent", () => flow(2 ** 30, 200));
