// Upstreams follow their breakers and targets as they change, and the figures of the gateway.
import { refreshOn } from "./fd.js";

refreshOn(["breaker", "metric"]);
