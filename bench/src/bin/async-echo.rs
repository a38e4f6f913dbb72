//! The same echo on the chapter's own executor: what `tokio-echo` is, line for line.

use std::io::Write;

use client_server::executor::{self, Listener, Stream};

fn main() -> std::io::Result<()> {
    executor::run(serve())?
}

// ANCHOR: serve
async fn serve() -> std::io::Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let listener = Listener::new(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        executor::spawn(echo(stream));
    }
}

async fn echo(stream: Stream) {
    let mut buffer = vec![0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
// ANCHOR_END: serve
