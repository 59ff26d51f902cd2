/** Writes a line when a spec has ended, so that the runner knows which one hangs. */
export default class ProgressReporter {
  /** @param {{ path: string }} test */
  onTestFileResult({ path }) {
    process.stdout.write(`${path}\n`);
  }
}
