// Upstreams follow their breakers and targets as they change, and the figures of the gateway.
import { listen, refresh } from "./fd.js";

listen(["breaker", "metric"], () => {
  if (!document.hidden && !document.querySelector("dialog[open], main :focus:is(input, textarea)")) refresh();
});
