// A terminal small enough to read: understands the handful of control sequences that the live view uses, and shows what a person
// would see.

const tokens = new RegExp(`${String.fromCharCode(27)}\\[[?0-9;]*[A-Za-z]|[\\s\\S]`, 'gu')

export class Screen {
  readonly #rows: string[][] = [[]]
  #row = 0
  #column = 0
  cursorVisible = true
  wraps = true
  readonly #width: number

  constructor(width: number) {
    this.#width = width
  }

  /** Feeds terminal output. */
  feed(text: string): void {
    for (const [token] of text.matchAll(tokens)) this.#take(token)
  }

  /** The lines as they look, without trailing blanks. */
  get lines(): string[] {
    return this.#rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
  }

  get #current(): string[] {
    this.#rows[this.#row] ??= []
    return this.#rows[this.#row] ?? []
  }

  #take(token: string): void {
    if (token === '\n') {
      this.#row++
      this.#column = 0
      this.#rows[this.#row] ??= []
    } else if (token === '\r') this.#column = 0
    else if (token.startsWith('\u001b')) this.#control(token.slice(2))
    else this.#print(token)
  }

  #print(character: string): void {
    if (this.#column >= this.#width) {
      if (!this.wraps) return
      this.#take('\n')
    }
    this.#current[this.#column++] = character
  }

  #control(sequence: string): void {
    const up = /^(\d+)A$/.exec(sequence)
    if (up !== null) this.#row -= Number(up[1])
    else if (sequence === 'K') this.#current.length = this.#column
    else if (sequence === 'J') {
      this.#current.length = this.#column
      this.#rows.length = this.#row + 1
    } else if (sequence === '?25l') this.cursorVisible = false
    else if (sequence === '?25h') this.cursorVisible = true
    else if (sequence === '?7l') this.wraps = false
    else if (sequence === '?7h') this.wraps = true
    else throw new Error(`the screen does not know ${JSON.stringify(sequence)}`)
    if (this.#row < 0) throw new Error('the cursor left the screen')
  }
}
