// Before the first paint: light or dark as it was chosen; else as the system has it.
const chosen = localStorage.getItem("fd-theme");
if (chosen) document.documentElement.dataset.theme = chosen;
