// Every piece of text that is outside of the page, cut off by the box that it stands in, or under another piece.
(() => {
  const found = [], seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1) continue;
      const [top, bottom] = [box.top + scrollY, box.bottom + scrollY];
      if (box.left < 0 || box.right > innerWidth + 1) found.push(["outside", node.data.trim()]);
      for (let at = node.parentElement; at; at = at.parentElement) {
        const around = at.getBoundingClientRect();
        const hides = getComputedStyle(at).overflow !== "visible";
        if (hides && (box.right > around.right + 1 || box.bottom > around.bottom + 1)) found.push(["cut", node.data.trim()]);
      }
      for (const [left, right, high, low] of seen)
        if (box.left < right - 2 && box.right > left + 2 && top < low - 6 && bottom > high + 6) found.push(["under", node.data.trim()]);
      seen.push([box.left, box.right, top, bottom]);
    }
  }
  return found;
})()
