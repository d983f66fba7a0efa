/** The other side of `lastObject`: what a measuring process does with its settings, and how it ends. */

/** Measures by the settings in the first argument (JSON), prints the measurement as the last line of standard output, and exits. */
export async function answer<Settings>(measure: (settings: Settings) => Promise<object>): Promise<void> {
  // TensorFlow.js greets and warns on the console; standard output belongs to the result.
  console.log = console.info = console.warn = console.error;
  const measurement = await measure(JSON.parse(process.argv[2] ?? '{}') as Settings);
  process.stdout.write(`\n${JSON.stringify(measurement)}\n`, () => process.exit(0));
}
