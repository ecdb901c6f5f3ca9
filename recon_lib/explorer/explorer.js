// The explorer: turns over pictures that lie inside the page. No library, no network, no kernel.
(() => {
  "use strict";
  const MIDDLE = 128; // the code of no difference, as in pictures.py
  const SIDES = ["before", "after"];
  const COUNTS = ["n_train", "n_finetune"];
  const MINUS = "\u2212";
  const EXPLORERS = /\/explorer\w*\.html$/; // the pages of the book that read this address
  const root = document.currentScript.closest(".recon-explorer");
  const data = JSON.parse(root.querySelector(".re-data").textContent);
  const palette = Uint8Array.from(atob(data.palette), (letter) => letter.charCodeAt(0));
  const form = root.querySelector("form");
  const divider = root.querySelector("[name=divider]");
  const line = root.querySelector(".re-line");
  const lens = Object.fromEntries(["zoom", "x", "y"].map((name) => [name, root.querySelector(`[name=${name}]`)]));
  const note = root.querySelector(".re-note");
  const id = `re${Math.random().toString(36).slice(2)}`; // names of radio groups, one explorer apart from another

  const state = {contrast: 0, slice: 0, acceleration: data.acceleration};
  const decoded = new Map(); // address -> promise of grey values, the newest few
  let shown = null; // what is drawn: pixels of both sides
  let pending = 0; // the timer of an address that is still to be written
  let turn = 0; // a picture that arrives late must not cover a newer one

  const contrast = () => data.contrasts[state.contrast];
  const place = () => contrast().slices[state.slice];
  const sampled = (factor) => place().samplings.find((s) => s.acceleration === factor);
  const sampling = () => sampled(state.acceleration);
  const isNetwork = (method) => method.startsWith("network-");
  const same = (frame, choice) => frame.method === choice.method && COUNTS.every((c) => frame[c] === choice[c]);
  const frameOf = (choice) => sampling().frames.find((frame) => same(frame, choice));
  const methodName = (method) => contrast().methods.find(([key]) => key === method)[1];

  function describe(choice) {
    if (!isNetwork(choice.method)) return methodName(choice.method);
    const tuned = choice.n_finetune ? `tuned with ${choice.n_finetune}` : "as trained";
    const seen = frameOf(choice)?.seen ?? choice.n_train;
    const images = seen === choice.n_train ? `${seen} images` : `${seen} images in place of ${choice.n_train}`;
    return `${methodName(choice.method)}, ${images}, ${tuned}`;
  }

  // Choosing: what was not run, or not kept of this slice, cannot be chosen.

  const missing = "not run, or no picture kept of this slice";

  function has(choice) {
    return sampling().frames.some((f) => Object.entries(choice).every(([key, value]) => f[key] === value));
  }

  function nearest(values, wanted) {
    return values.reduce((best, v) => (Math.abs(v - wanted) < Math.abs(best - wanted) ? v : best));
  }

  // Keep as much of a choice as this slice has at this acceleration; the method goes last.
  function settle(choice) {
    if (choice.method === "reference") return {method: "reference", n_train: null, n_finetune: null};
    const all = sampling().frames;
    let frames = all.filter((frame) => frame.method === choice.method);
    if (!frames.length) frames = all.filter((frame) => isNetwork(frame.method) || !isNetwork(choice.method));
    if (!frames.length) frames = all;
    for (const count of COUNTS) {
      if (frames[0][count] === null) continue;
      const most = Math.max(...frames.map((f) => f[count]));
      const value = nearest(frames.map((f) => f[count]), choice[count] ?? (count === "n_train" ? most : 0));
      frames = frames.filter((frame) => frame[count] === value);
    }
    const {method, n_train, n_finetune} = frames[0];
    return {method, n_train, n_finetune};
  }

  function fill(select, options, chosen) {
    select.replaceChildren(...options.map(([value, text, missing]) => {
      const option = new Option(missing ? `${text} (none)` : text, value, false, String(value) === String(chosen));
      option.disabled = Boolean(missing);
      return option;
    }));
  }

  function radios(group, side, count) {
    const choice = state[side];
    const network = isNetwork(choice.method);
    group.disabled = !network;
    for (const label of group.querySelectorAll("label")) {
      const input = label.firstElementChild;
      const value = Number(input.value);
      const wanted = {method: choice.method, [count]: value};
      if (count === "n_finetune") wanted.n_train = choice.n_train;
      input.disabled = !network || !has(wanted);
      input.checked = network && value === choice[count];
      label.title = network && input.disabled ? missing : "";
    }
  }

  function factors() {
    for (const label of form.querySelectorAll("[data-count=acceleration] label")) {
      const input = label.firstElementChild;
      const value = Number(input.value);
      input.disabled = !sampled(value);
      input.checked = value === state.acceleration;
      label.title = input.disabled ? missing : "";
    }
  }

  function controls() {
    fill(form.elements.contrast, data.contrasts.map((c, i) => [i, c.name]), state.contrast);
    const slices = contrast().slices.map((s, i) => [i, s.label]);
    fill(form.elements.slice, slices, state.slice);
    factors();
    for (const side of SIDES) {
      const box = form.querySelector(`[data-side=${side}]`);
      const methods = contrast().methods.map(([key, name]) => [key, name, key !== "reference" && !has({method: key})]);
      fill(box.querySelector("select"), methods, state[side].method);
      for (const count of COUNTS) radios(box.querySelector(`[data-count=${count}]`), side, count);
    }
  }

  function choose(changes) {
    const focused = document.activeElement;
    const wanted = {before: state.before, after: state.after};
    Object.assign(state, changes);
    if ("contrast" in changes) state.slice = Math.max(0, contrast().slices.findIndex((s) => s.chosen));
    const said = [];
    if (!sampling()) {
      said.push(`Nothing was kept at acceleration ${state.acceleration} here; ${data.acceleration} is shown.`);
      state.acceleration = data.acceleration;
    }
    const moved = [];
    for (const side of SIDES) {
      const asked = changes[side] ?? wanted[side];
      state[side] = settle(asked);
      const own = COUNTS.some((c) => asked[c] !== null && state[side][c] !== null && asked[c] !== state[side][c]);
      if (own || asked.method !== state[side].method) moved.push(side);
    }
    controls();
    if (focused?.disabled) root.querySelector("select").focus();
    said.push(...moved.map((side) => `There is no such picture for "${side}" here; the nearest is shown.`));
    return draw(said.join(" "));
  }

  // Drawing

  function grey(address) {
    if (!decoded.has(address)) {
      if (decoded.size > 60) decoded.delete(decoded.keys().next().value);
      decoded.set(address, new Promise((done, failed) => {
        const image = new Image();
        image.onload = () => {
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.width, image.height];
          const context = canvas.getContext("2d", {willReadFrequently: true});
          context.drawImage(image, 0, 0);
          const pixels = context.getImageData(0, 0, image.width, image.height).data;
          done(Uint8Array.from({length: pixels.length / 4}, (_, i) => pixels[4 * i]));
        };
        image.onerror = () => failed(new Error("a picture of the explorer cannot be decoded"));
        image.src = address;
      }));
    }
    return decoded.get(address);
  }

  async function pixels(choice) {
    const reference = await grey(place().reference);
    const frame = frameOf(choice);
    if (!frame) return {image: reference, error: new Float32Array(reference.length)};
    const codes = await grey(frame.picture);
    const difference = Float32Array.from(codes, (code) => (code - MIDDLE) * frame.step);
    return {image: Float32Array.from(reference, (r, i) => r + 255 * difference[i]), error: difference.map(Math.abs)};
  }

  function paint(view, [height, width], colour) {
    const canvas = root.querySelector(`[data-view=${view}]`);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) {
      const [red, green, blue] = colour(i);
      image.data.set([red, green, blue, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  function inferno(part) {
    const index = 3 * Math.min(255, Math.max(0, Math.round(255 * part)));
    return palette.subarray(index, index + 3);
  }

  // The part of the head that is shown: as many pixels as the zoom leaves, around the chosen middle.
  function lensWindow() {
    const factor = Number(lens.zoom.value);
    const part = (length, middle) => {
      const size = Math.max(8, Math.round(length / factor));
      const first = Math.round((Number(middle) / 100) * length - size / 2);
      return [Math.min(Math.max(0, first), length - size), size];
    };
    const [[top, height], [left, width]] = [part(shown.size[0], lens.y.value), part(shown.size[1], lens.x.value)];
    return {top, left, height, width, pixel: (i) => (top + Math.floor(i / width)) * shown.size[1] + left + (i % width)};
  }

  function compare() {
    if (!shown) return;
    const share = Number(divider.value) / 100;
    const {height, width, pixel} = lensWindow();
    const edge = share * width;
    const canvas = paint("compare", [height, width], (i) => {
      const value = ((i % width) + 0.5 < edge ? shown.before : shown.after).image[pixel(i)];
      return [value, value, value];
    });
    line.style.left = `${divider.value}%`;
    canvas.setAttribute("aria-label", `${shown.title}: left of the divider ${shown.names.before}; ` +
      `right of it ${shown.names.after}.`);
    divider.setAttribute("aria-valuetext", `${divider.value} per cent before, ${100 - divider.value} per cent after`);
    keep();
  }

  function errors() {
    if (!shown) return;
    const top = contrast().top;
    const {height, width, pixel} = lensWindow();
    for (const side of SIDES) {
      const canvas = paint(`error-${side}`, [height, width], (i) => inferno(shown[side].error[pixel(i)] / top));
      canvas.setAttribute("aria-label", `${shown.title}: error map of ${shown.names[side]}.`);
    }
    for (const name of ["x", "y"]) lens[name].disabled = lens.zoom.value === "1";
  }

  function magnify() {
    errors();
    compare();
  }

  // The address: what is chosen, so that a link shows the same.

  function written(choice) {
    return [choice.method, choice.n_train ?? "", choice.n_finetune ?? ""].join("/");
  }

  // Browsers slow a page down that writes its address at each step of a drag, so the last step is written alone.
  function keep() {
    window.clearTimeout(pending);
    pending = window.setTimeout(writeAddress, 200);
  }

  function writeAddress() {
    const values = {
      contrast: contrast().key, slice: place().place.join("/"), acceleration: state.acceleration,
      before: written(state.before), after: written(state.after), divider: divider.value,
    };
    if (lens.zoom.value !== "1") Object.assign(values, {zoom: lens.zoom.value, x: lens.x.value, y: lens.y.value});
    const fragment = `#${new URLSearchParams(values)}`;
    root.querySelector(".re-link").href = fragment;
    for (const link of document.querySelectorAll("a[href]")) {
      if (EXPLORERS.test(link.pathname)) link.hash = fragment; // another explorer opens with the same choice
    }
    if (window.location.hash !== fragment) window.history.replaceState(null, "", fragment);
  }

  // What an address asks for; a part that it lacks, or that is not offered here, stays as it is.
  function asked() {
    const values = new URLSearchParams(window.location.hash.slice(1));
    const at = (list, test) => list.findIndex(test);
    const changes = {};
    const key = at(data.contrasts, (c) => c.key === values.get("contrast"));
    if (key >= 0) state.contrast = key;
    const number = at(contrast().slices, (s) => s.place.join("/") === values.get("slice"));
    if (number >= 0) changes.slice = number;
    else if (key >= 0) changes.slice = Math.max(0, at(contrast().slices, (s) => s.chosen));
    if (data.accelerations.includes(Number(values.get("acceleration")))) {
      changes.acceleration = Number(values.get("acceleration"));
    }
    for (const side of SIDES) {
      const [method, ...counts] = (values.get(side) ?? "").split("/");
      if (!contrast().methods.some(([name]) => name === method)) continue;
      const [n_train, n_finetune] = counts.map((count) => (/^\d+$/.test(count) ? Number(count) : null));
      changes[side] = {method, n_train: n_train ?? null, n_finetune: n_finetune ?? null};
    }
    for (const control of [divider, lens.zoom, lens.x, lens.y]) {
      const value = values.get(control.name);
      const offered = control.options ? [...control.options].some((o) => o.value === value) : /^\d+$/.test(value ?? "");
      if (offered) control.value = value;
    }
    return changes;
  }

  async function draw(said) {
    const mine = (turn += 1);
    const [before, after, mask] =
      await Promise.all([pixels(state.before), pixels(state.after), grey(sampling().mask)]);
    if (mine !== turn) return;
    const names = {before: describe(state.before), after: describe(state.after)};
    const title = `${contrast().name}, ${place().place[0]}, slice ${place().place[1]}, ` +
      `acceleration ${state.acceleration}`;
    shown = {before, after, names, title, size: place().size};
    magnify();
    const top = contrast().top;
    const canvas = paint("mask", sampling().mask_size, (i) => [mask[i], mask[i], mask[i]]);
    const share = `${Number((100 * sampling().sampled).toFixed(1))}\u00a0%`;
    canvas.setAttribute("aria-label", `Sampling mask in k-space: ${share} of the points are acquired.`);
    canvas.nextElementSibling.textContent = `k-space mask, ${share}`;
    root.querySelector(".re-top").textContent = `${top.toFixed(2)} or more (reference's maximum: 1)`;
    numbers(names, title, said);
  }

  // Numbers: what is missing stays empty.

  function signed(value, digits) {
    const sign = value < 0 ? MINUS : "+";
    return sign + Math.abs(value).toFixed(digits);
  }

  function numbers(names, title, said) {
    const rows = {};
    for (const side of SIDES) {
      const frame = frameOf(state[side]);
      rows[side] = [...(frame?.slice ?? [null, null]), ...(frame?.all ?? [null, null])];
    }
    rows.gain = rows.after.map((v, i) => (v === null || rows.before[i] === null ? null : v - rows.before[i]));
    for (const [name, values] of Object.entries(rows)) {
      const cells = root.querySelectorAll(`[data-row=${name}] td`);
      values.forEach((value, i) => {
        const digits = i % 2 ? 3 : 2;
        const text = name === "gain" ? signed(value ?? 0, digits) : (value ?? 0).toFixed(digits);
        cells[i].textContent = value === null ? "" : text;
      });
    }
    root.querySelector("caption").textContent = `${title}:`;
    root.querySelector(".re-all").textContent = `all ${contrast().count} test slices`;
    const gain = rows.gain[0] === null ? "" : ` Difference: ${signed(rows.gain[0], 2)} dB.`;
    const quality = (side) => (rows[side][0] === null ? "" : `: ${rows[side][0].toFixed(2)} dB`);
    note.textContent = `${said} Before: ${names.before}${quality("before")}. ` +
      `After: ${names.after}${quality("after")}.${gain}`.trim();
  }

  // Hands

  function listen() {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", ({target}) => {
      if (target.name === "contrast" || target.name === "slice") return choose({[target.name]: Number(target.value)});
      const count = target.closest("[data-count]")?.dataset.count;
      if (count === "acceleration") return choose({acceleration: Number(target.value)});
      const side = target.closest("[data-side]").dataset.side;
      const change = count ? {[count]: Number(target.value)} : {method: target.value};
      return choose({[side]: {...state[side], ...change}});
    });
    divider.addEventListener("input", compare);
    lens.zoom.addEventListener("change", magnify);
    for (const control of [lens.x, lens.y]) control.addEventListener("input", magnify);
    for (const side of SIDES) {
      root.querySelector(`[data-view=error-${side}]`).addEventListener("click", (event) => {
        const box = event.target.getBoundingClientRect();
        const {top, left, height, width} = lensWindow();
        const middle = (first, size, place, length) => Math.round((100 * (first + size * place)) / length);
        lens.x.value = middle(left, width, (event.clientX - box.left) / box.width, shown.size[1]);
        lens.y.value = middle(top, height, (event.clientY - box.top) / box.height, shown.size[0]);
        if (lens.zoom.value === "1") lens.zoom.value = "2";
        magnify();
      });
    }
    root.querySelector(".re-link").addEventListener("click", (event) => {
      event.preventDefault(); // the address is that of the link already
      navigator.clipboard?.writeText(event.target.href).catch(() => {});
    });
    window.addEventListener("hashchange", () => choose(asked()));
    const frame = root.querySelector(".re-frame");
    const follow = (event) => {
      const box = frame.getBoundingClientRect();
      divider.value = Math.round((100 * (event.clientX - box.left)) / box.width);
      compare();
    };
    frame.addEventListener("pointerdown", (event) => {
      frame.setPointerCapture(event.pointerId);
      follow(event);
    });
    frame.addEventListener("pointermove", (event) => frame.hasPointerCapture(event.pointerId) && follow(event));
  }

  function offer(group, name, values) {
    group.append(...values.map((value) => {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), {type: "radio", name: `${id}-${name}`, value});
      label.append(input, String(value));
      return label;
    }));
  }

  function start() {
    offer(form.querySelector("[data-count=acceleration]"), "acceleration", data.accelerations);
    for (const side of SIDES) {
      for (const count of COUNTS) {
        offer(form.querySelector(`[data-side=${side}] [data-count=${count}]`), `${side}-${count}`, data.counts[count]);
      }
    }
    paint("scale", [1, 256], (i) => inferno(i / 255));
    state.slice = Math.max(0, contrast().slices.findIndex((s) => s.chosen));
    listen();
    return choose({...opening(), ...asked()});
  }

  // What is seen first: a network before tuning and after it, with 20 images or the nearest number that helps this slice.
  function opening() {
    const networks = contrast().methods.map(([key]) => key).filter(isNetwork);
    const first = {method: networks[0] ?? sampling().frames[0].method, n_train: Math.max(...data.counts.n_train)};
    const before = settle({...first, n_finetune: 0});
    const start = frameOf(before)?.slice?.[0] ?? 0;
    const better = sampling().frames.filter((f) => f.method === before.method && f.n_train === before.n_train &&
      f.n_finetune > 0 && (f.slice?.[0] ?? 0) > start);
    const n_finetune = better.length ? nearest(better.map((f) => f.n_finetune), 20) : 20;
    return {before, after: {...first, n_finetune}};
  }

  start();
})();
