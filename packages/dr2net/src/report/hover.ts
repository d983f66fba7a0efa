/**
 * The script inlined in reports: shows the note of the nearest point (an SVG `title`, which works without it too, after
 * a wait and never on a phone) beside the pointer.
 */
export const hoverScript = `
(() => {
  const tip = document.body.appendChild(Object.assign(document.createElement('div'), { id: 'tip', hidden: true }));
  for (const svg of document.querySelectorAll('figure svg')) {
    const marks = [...svg.querySelectorAll('title')].map((title) => {
      const mark = title.parentNode, note = title.textContent;
      title.remove();
      mark.setAttribute('aria-label', note);
      return { mark, note };
    });
    const distance = (box, x, y) => Math.hypot(
      Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
    svg.addEventListener('pointermove', ({ clientX: x, clientY: y }) => {
      let best, least = 40;
      for (const { mark, note } of marks) {
        const far = distance(mark.getBoundingClientRect(), x, y);
        if (far < least) { least = far; best = note; }
      }
      tip.hidden = !best;
      if (!best) return;
      tip.textContent = best;
      tip.style.left = Math.min(x + 12, innerWidth - tip.offsetWidth - 4) + 'px';
      tip.style.top = Math.max(y - tip.offsetHeight - 10, 4) + 'px';
    });
    svg.addEventListener('pointerleave', () => { tip.hidden = true; });
  }
})();
`.trim();
