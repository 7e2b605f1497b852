"""A store of documents with real create, read, update and delete: versioned, transactional, one SQLite file."""

from osler.knowledge.store.chain import Verified
from osler.knowledge.store.erasure import Removed
from osler.knowledge.store.knowledge_store import KnowledgeStore, Progress
from osler.knowledge.store.lineage import Use

__all__ = ["KnowledgeStore", "Progress", "Removed", "Use", "Verified"]
