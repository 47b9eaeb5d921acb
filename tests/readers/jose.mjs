// Reads {"jwk", "alg", "token"} lines on stdin; answers each with {"accepted", "why"}. The library's path is the argument.
import { createInterface } from 'node:readline';

const jose = await import(process.argv[2]);

async function judged({ jwk, alg, token }) {
  try {
    const key = await jose.importJWK(jwk, alg);
    await jose.compactVerify(token, key, { algorithms: [alg] });
    return { accepted: true, why: '' };
  } catch (error) {
    return { accepted: false, why: `${error.name}: ${error.message}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await judged(JSON.parse(line))));
}
