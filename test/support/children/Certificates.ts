/** Authorities and what they have signed, made by openssl: a key and a certificate for each name, `NAME.key` and `NAME.crt`. */
import { execFileSync } from "node:child_process"

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
const DAYS = ["-days", "2"]

/** Makes in `dir` an authority, and certificates that it has signed. */
export const makeCertificates = (
  dir: string,
  { authority, names }: { readonly authority: string; readonly names: ReadonlyArray<string> },
): void => {
  const openssl = (...args: ReadonlyArray<string>): void =>
    void execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] })
  const [crt, key] = [`${authority}.crt`, `${authority}.key`]
  openssl("req", "-x509", ...CURVE, ...DAYS, "-keyout", key, "-out", crt, "-subj", `/CN=${authority}`)
  for (const name of names) {
    openssl("req", ...CURVE, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`)
    const signed = ["-CA", crt, "-CAkey", key, "-CAcreateserial", ...DAYS]
    openssl("x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.crt`)
  }
}
