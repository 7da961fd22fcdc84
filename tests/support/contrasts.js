// [needed, had, what] of all that is written or drawn in the page, by the formulas of WCAG 2.
(() => {
  const parse = text => text.match(/[0-9.]+/g).map(Number);
  const over = (top, under) => { const a = top[3] ?? 1; return top.slice(0, 3).map((c, i) => a * c + (1 - a) * under[i]); };
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = rgb => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]);
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element), svg = element instanceof SVGElement;
    if (!element.getClientRects().length || element.closest("title, desc")) continue;
    const words = [...element.childNodes].filter(node => node.nodeType === 3 && node.data.trim()).length;
    if (words) found.push([4.5, ratio(parse(svg ? style.fill : style.color), ground(element)), element.textContent.trim()]);
    else if (svg && /band-/.test(element.getAttribute("class")))
      found.push([3, ratio(parse(style.fill), ground(element)), element.getAttribute("class")]);
  }
  return found;
})()
