/**
 * A turn of the event loop: signals (Ctrl-C), timers and a page's events are served. Awaiting what is there already never gives one, so a
 * loop over work that is done at once (wasm, TensorFlow's library, clouds in memory) would leave them waiting until it ends. A message, since
 * a timer takes 4 ms in a page, and a second in a tab behind another.
 */
export function giveWay(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
