// The little of Node's HTTP server that the tests of the feed need.
declare module "node:http" {
  export interface IncomingMessage {
    readonly url?: string;
    readonly method?: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
  }
  export interface ServerResponse {
    writeHead(status: number, headers: Readonly<Record<string, string>>): void;
    write(text: string): boolean;
    end(text?: string): void;
    destroy(): void;
    on(event: "close", listener: () => void): void;
  }
  export interface Server {
    listen(port: number, host: string, done: () => void): void;
    address(): { port: number } | string | null;
    close(done: () => void): void;
    closeAllConnections(): void;
  }
  export function createServer(
    handler: (request: IncomingMessage, response: ServerResponse) => void,
  ): Server;
}
