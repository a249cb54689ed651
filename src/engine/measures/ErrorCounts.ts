/** Error replies by their code: the first word, as "ERR". */
export class ErrorCounts {
  readonly byCode = new Map<string, number>()
  total = 0

  count(text: string): void {
    this.total++
    const space = text.indexOf(" ")
    const code = space < 0 ? text : text.slice(0, space)
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1)
  }

  reset(): void {
    this.byCode.clear()
    this.total = 0
  }
}
