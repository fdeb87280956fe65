/** Fairness to the event loop, for series of calls that never have to wait. @module */
export { nextTurn, turnIsOver } from "../netlink/turn.ts";
