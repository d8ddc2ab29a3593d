/** What destinations are given to prove themselves with, and to prove the other side by. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import Type from "typebox";
import { Fault } from "../../kernel/fault.ts";

export const NewSecret = Type.String({ minLength: 1, maxLength: 1000 });
export const PrivateKey = Type.String({ minLength: 1, maxLength: 16_384, description: "A private key as PEM text." });
export const Pem = Type.String({ minLength: 1, maxLength: 65_536, description: "Certificates as PEM text." });

/** Null where none is given; CONFIG_INVALID where it is no certificate. The text itself never stands in the message. */
export function authority(pem: string | undefined, at = "config/ca"): string | null {
  if (pem === undefined) return null;
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw new Fault("CONFIG_INVALID", `${at} holds no certificate.`, { details: { at }, cure: "It is PEM text: -----BEGIN CERTIFICATE----- and so on." });
  try {
    return certificates.map((certificate) => new X509Certificate(certificate).toString()).join("");
  } catch (error) {
    throw new Fault("CONFIG_INVALID", `${at} holds a certificate that cannot be read.`, { details: { at }, cause: error });
  }
}

/** Null where neither is given; CONFIG_INVALID where one is missing, cannot be read, or they are not a pair. */
export function identityOf(cert: string | undefined, key: string | undefined): { readonly cert: string; readonly key: string } | null {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) throw new Fault("CONFIG_INVALID", "config/cert and config/key belong together.");
  const chain = authority(cert, "config/cert") ?? "";
  let pair: boolean;
  try {
    pair = new X509Certificate(chain).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new Fault("CONFIG_INVALID", "config/key is no private key that can be read.", { details: { at: "config/key" }, cause: error, cure: "It is PEM text without a passphrase." });
  }
  if (!pair) throw new Fault("CONFIG_INVALID", "config/key is not the key of config/cert.", { details: { at: "config/key" } });
  return { cert: chain, key };
}
