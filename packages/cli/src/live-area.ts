// A few lines at the bottom of a terminal that are redrawn in place while everything else scrolls by above them. Each change
// is one write, so that nothing flickers; line wrapping is off while drawing, because a wrapped line (wide characters are
// wider than they count) would make the next redraw start in the wrong row.

import type { OutputStream } from './cli-context.ts'

const escape = '\u001b['
const hideCursor = `${escape}?25l`
/** Shows the cursor again: for ends of the process that skip everything else. */
export const SHOW_CURSOR = `${escape}?25h`
const wrapOff = `${escape}?7l`
const wrapOn = `${escape}?7h`
const clearRight = `${escape}K`
const clearBelow = `${escape}J`

export class LiveArea implements Disposable {
  readonly #out: OutputStream
  #lines: readonly string[] = []
  #closed = false

  constructor(out: OutputStream) {
    this.#out = out
  }

  /** Characters that fit into a line. */
  get columns(): number {
    return Math.max(20, (this.#out.columns ?? 80) - 1)
  }

  /** Replaces the lines of the area. */
  draw(lines: readonly string[]): void {
    if (this.#closed || lines.length + this.#lines.length === 0) return
    this.#out.write(`${this.#home()}${render(lines)}`)
    this.#lines = lines
  }

  /** One or more lines above the area, for good. */
  log(text: string): void {
    const lines = text.replaceAll('\n', `${clearRight}\n`)
    if (this.#closed) this.#out.write(`${text}\n`)
    else this.#out.write(`${this.#home()}${lines}${clearRight}\n${render(this.#lines)}`)
  }

  /** Leaves what is drawn for good; what follows comes below it. */
  settle(): void {
    this.#lines = []
  }

  /** Leaves the last drawing where it is; `log` still works. */
  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#out.write(SHOW_CURSOR)
  }

  /** To the first row of the area, left. */
  #home(): string {
    return this.#lines.length === 0 ? hideCursor : `${escape}${this.#lines.length}A\r`
  }
}

function render(lines: readonly string[]): string {
  if (lines.length === 0) return clearBelow
  const rows = lines.map((line) => `${line}${clearRight}\n`).join('')
  return `${wrapOff}${rows}${clearBelow}${wrapOn}`
}
