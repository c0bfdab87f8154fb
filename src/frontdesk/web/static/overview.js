// The overview follows the gateway, unless somebody is in the middle of it.
import { listen, refresh } from "./fd.js";

listen(["metric"], () => {
  const main = document.querySelector("main");
  if (!document.hidden && !main.querySelector(":focus")) refresh();
});
