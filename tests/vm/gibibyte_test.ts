// Takes long on an emulated machine.
import { flow } from "./flow.ts";
import { ktlsTest } from "./needs.ts";

ktlsTest("a gibibyte through two hundred keys arrives as it was sent", () => flow(2 ** 30, 200));
