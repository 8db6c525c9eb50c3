# The same app on port 7860, as user 1000, the way a Docker Space runs it.
FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends chromium git && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 user
USER 1000
ENV HOME=/home/user PATH=/home/user/.local/bin:$PATH
WORKDIR /home/user/app
COPY --chown=1000 requirements.txt .
RUN pip install --no-cache-dir --user --compile -r requirements.txt
COPY --chown=1000 . .
EXPOSE 7860
CMD ["python", "app.py", "--data", "/home/user/data"]
