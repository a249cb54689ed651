/** The types of replies, as ReplyTypes.ts writes them, as tests of values. */

type Test = (value: unknown) => boolean

/** Reads one type; `T` is text. Throws where the text is none that it knows. */
class Reader {
  private at = 0

  constructor(private readonly text: string) {}

  whole(): Test {
    const test = this.union()
    if (this.at !== this.text.length) throw new Error(`"${this.text}": nothing expected at ${this.at}`)
    return test
  }

  private accept(mark: string): boolean {
    if (!this.text.startsWith(mark, this.at)) return false
    this.at += mark.length
    return true
  }

  private expect(mark: string): void {
    if (!this.accept(mark)) throw new Error(`"${this.text}": expected ${mark} at ${this.at}`)
  }

  private union(): Test {
    const tests = [this.one()]
    while (this.accept(" | ")) tests.push(this.one())
    return (value) => tests.some((test) => test(value))
  }

  private one(): Test {
    if (this.accept("ReadonlyArray<")) {
      const item = this.union()
      this.expect(">")
      return (value) => Array.isArray(value) && value.every(item)
    }
    if (this.accept("ReadonlyMap<")) {
      const key = this.union()
      this.expect(", ")
      const item = this.union()
      this.expect(">")
      return (value) => value instanceof Map && [...value].every(([k, v]) => key(k) && item(v))
    }
    if (this.accept("readonly [")) return this.tuple()
    if (this.accept("Value<T>")) return (value) => value !== undefined
    return this.scalar()
  }

  private tuple(): Test {
    const items: Array<Test> = []
    while (!this.accept("]")) {
      items.push(this.union())
      this.accept(", ")
    }
    return (value) =>
      Array.isArray(value) && value.length === items.length && items.every((item, i) => item(value[i]))
  }

  private scalar(): Test {
    const scalars: ReadonlyArray<readonly [string, Test]> = [
      ['"OK"', (value) => value === "OK"],
      ["null", (value) => value === null],
      ["number", (value) => typeof value === "number"],
      ["bigint", (value) => typeof value === "bigint"],
      ["string", (value) => typeof value === "string"],
      ["T", (value) => typeof value === "string"],
      ["0", (value) => value === 0],
      ["1", (value) => value === 1],
    ]
    for (const [name, test] of scalars) if (this.accept(name)) return test
    throw new Error(`"${this.text}": no type at ${this.at}`)
  }
}

export const typeTest = (text: string): Test => new Reader(text).whole()
