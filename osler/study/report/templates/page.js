(function () {
  "use strict";
  var root = document.documentElement;
  var button = document.getElementById("theme");
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function theme() {
    return root.dataset.theme || (dark.matches ? "dark" : "light");
  }
  function name() {
    button.textContent = theme() === "dark" ? "Light page" : "Dark page";
  }
  button.hidden = false;
  name();
  button.addEventListener("click", function () {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    name();
  });
  dark.addEventListener("change", name);

  var form = document.getElementById("filters");
  if (form) {
    var cases = Array.from(document.querySelectorAll("[data-tokens]"));
    var menus = Array.from(form.querySelectorAll("select"));
    var said = document.getElementById("shown");
    var show = function () {
      var wanted = menus.map(function (menu) { return menu.value; }).filter(Boolean);
      var shown = 0;
      cases.forEach(function (item) {
        var held = item.dataset.tokens.split(" ");
        var fits = wanted.every(function (token) { return held.indexOf(token) >= 0; });
        item.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      said.textContent = shown + " of " + cases.length + " cases shown";
    };
    form.hidden = false;
    form.addEventListener("change", show);
    form.addEventListener("reset", function () { window.setTimeout(show, 0); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    show();
  }

  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (item) { item.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (item) { item.open = false; });
  });
})();
