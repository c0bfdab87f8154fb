// The overview follows the gateway.
import { refreshOn } from "./fd.js";

refreshOn(["metric"]);
