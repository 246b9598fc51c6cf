// The file with which an agent starts. Pure.

export function agentConfig(url: string, token: string): string {
  return `api:\n  url: ${JSON.stringify(url)}\n  auth_token: ${JSON.stringify(token)}\n`;
}
