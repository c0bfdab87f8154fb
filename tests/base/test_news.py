"""News: told to whoever watches a topic, kept for who was away, and free while nobody watches."""

from frontdesk.base.news import KEPT, News


def test_a_watcher_hears_of_its_topics_until_it_ends():
    news, heard = News(), []
    end = news.watch(frozenset({"a", "b"}), heard.append)
    assert news.wanted == {"a", "b"}
    news.tell("a", {"n": 1})
    news.tell("c", {"n": 2})
    end()
    news.tell("b", {"n": 3})
    assert [(item.number, item.topic, item.document) for item in heard] == [(1, "a", {"n": 1})]
    assert news.wanted == frozenset()


def test_whoever_was_away_reads_on_behind_what_they_saw():
    news = News()
    for number in range(1, 6):
        news.tell("ab"[number % 2], {"n": number})
    assert [item.number for item in news.since(2, frozenset("b"))] == [3, 5]


def test_only_the_last_are_kept():
    news = News()
    for _ in range(KEPT + 5):
        news.tell("a", {})
    kept = list(news.since(0, frozenset("a")))
    assert (len(kept), kept[0].number) == (KEPT, 6)


def test_whoever_tells_learns_what_is_wanted():
    news, wanted = News(), []
    news.on_wanted = lambda: wanted.append(set(news.wanted))
    end_one = news.watch(frozenset("a"), print)
    end_other = news.watch(frozenset("a"), repr)
    end_one()
    end_other()
    assert wanted == [{"a"}, set()]
